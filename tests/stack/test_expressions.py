from hypothesis import given
from hypothesis import strategies as st

from modules.stack.expressions import file_text, interpolated, quoted


def test_a_literal_is_worth_its_text() -> None:
    assert quoted('a"b\\c\n') == '"a\\"b\\\\c\\n"'
    assert quoted("${x} %{if} $ %") == '"$${x} %%{if} $ %"'


@given(st.text())
def test_no_text_ends_its_literal_or_starts_a_template(text: str) -> None:
    inside = quoted(text)[1:-1].replace("\\\\", "").replace('\\"', "")
    assert '"' not in inside
    assert "\n" not in inside
    assert "${" not in inside.replace("$${", "")
    assert "%{" not in inside.replace("%%{", "")


def test_a_relative_path_starts_at_the_fleet_files_folder() -> None:
    assert interpolated(file_text("keys/id")) == '${file("${var.fleet_dir}/keys/id")}'
    assert file_text("~/.ssh/id") == 'file("~/.ssh/id")'
    assert file_text("/etc/id") == 'file("/etc/id")'
