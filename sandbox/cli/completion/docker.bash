# Completion of docker's commands, flags, names and images. It asks docker itself.

# A colon is a part of an image's name, not the end of a word.
COMP_WORDBREAKS=${COMP_WORDBREAKS//:/}

_docker() {
    local IFS=$'\n'
    COMPREPLY=($(command docker __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}

complete -o bashdefault -o default -F _docker docker
