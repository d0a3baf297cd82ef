# The checkout's environment. Source it with $home set to the checkout's absolute path.
# shellcheck shell=sh
: "${home:?}"
# Debian keeps apache2, haproxy and sshd in /usr/sbin, which is not on everybody's PATH.
export PATH="$home/.portico/bin:$home/.venv/bin:$home/node_modules/.bin:$PATH:/usr/sbin:/sbin"
export JSII_NODE="$home/.portico/bin/node"
export PIPENV_VENV_IN_PROJECT=1 PIPENV_IGNORE_VIRTUALENVS=1 PIPENV_VERBOSITY=-1
# Terraform and cdktf ask HashiCorp for newer versions, npm its registry.
export CHECKPOINT_DISABLE=1 DISABLE_VERSION_CHECK=1 NO_UPDATE_NOTIFIER=1
[ -x "$JSII_NODE" ] || unset JSII_NODE
