# Yours to change. /etc/profile has been read already.
[ -n "$BASH_VERSION" ] && [ -r ~/.bashrc ] && . ~/.bashrc
