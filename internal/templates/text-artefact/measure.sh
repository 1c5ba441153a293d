#!/bin/sh
# Measures a file of patterns (one a line, as grep -E takes them) on a case such
# as "yes 2024-05-17": a date must match one of them, anything else none.
file=$1
want=${2%% *}
text=${2#* }
got=no
if printf '%s\n' "$text" | grep -E -q -f "$file"; then got=yes; fi
if [ "$got" = "$want" ]; then
	echo "\"$text\" is told rightly."
	echo "score: 1"
	exit 0
fi
echo "\"$text\" should match: $want, does match: $got."
if [ "$want" = yes ]; then
	case $text in
	*.*) echo 'Hint: ^[0-9]{2}[.][0-9]{2}[.][0-9]{4}$' ;;
	*/*) echo 'Hint: ^[0-9]{2}/[0-9]{2}/[0-9]{4}$' ;;
	*,*) echo 'Hint: ^[A-Z][a-z]+ [0-9]{1,2}, [0-9]{4}$' ;;
	*) echo 'Hint: ^[0-9]{1,2} [A-Z][a-z]+ [0-9]{4}$' ;;
	esac
fi
echo "score: 0"
