# Completion of postern for bash. What may come next is said by `postern complete`.

_postern() {
	local word help
	local -a typed
	read -ra typed <<<"${COMP_LINE:0:COMP_POINT}"
	[[ ${COMP_LINE:0:COMP_POINT} != *[[:blank:]] ]] || typed+=('')
	COMPREPLY=()
	while IFS=$'\t' read -r word help; do
		case $word in
		'<file>' | '<directory>')
			compopt -o filenames 2>/dev/null
			[[ $word = '<file>' ]] && help=-f || help=-d
			mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen "$help" -- "$2")
			;;
		"$2"*) COMPREPLY+=("$word") ;;
		esac
	done < <("$1" complete "${typed[@]:1}" 2>/dev/null)
}

complete -F _postern postern
