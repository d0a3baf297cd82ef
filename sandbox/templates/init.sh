#!/bin/sh
# First process of a sandbox server: what a Debian machine's boot does for Apache and sshd.
install -d -m 1777 /run/lock
install -d -m 755 /run/sshd
/usr/sbin/apachectl start
exec /usr/sbin/sshd -D -e
