# bash completion for systate. Needs no bash-completion package.
# A test compares the options with those that systate takes.

_systate()
{
	local cur prev command words options i
	local server='--url --token-file --ca-file --timeout --help'
	local commands='get diff watch history sources validate apply'

	COMPREPLY=()
	# "=" splits words: --view=b is three of them
	cur=${COMP_WORDS[COMP_CWORD]}
	prev=${COMP_WORDS[COMP_CWORD - 1]}
	if [[ $cur == = ]]; then
		cur=
	elif [[ $prev == = ]]; then
		prev=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	command=${COMP_WORDS[1]}

	if ((COMP_CWORD == 1)); then
		COMPREPLY=($(compgen -W "$commands help --help --version" \
		    -- "$cur"))
		return
	fi
	case $command in
	get)
		options='--sections --key --at --view --pretty --text --json
		    --ndjson --colour --color'
		;;
	diff)
		options='--sections --key --limit --text --json --ndjson
		    --json-patch --merge-patch --view --pretty --colour
		    --color'
		;;
	watch)
		options='--sections --key --since --count --until-change --for
		    --give-up --text --ndjson --colour --color'
		;;
	history)
		options='--from --to --limit --all --text --json --ndjson
		    --colour --color'
		;;
	sources)
		options='--check --text --json --ndjson --colour --color'
		;;
	validate)
		options='--limit --text --json --ndjson --colour --color
		    --help'
		server=
		;;
	apply)
		options='--merge --no-validate --pretty --help'
		server=
		;;
	help)
		COMPREPLY=($(compgen -W "$commands" -- "$cur"))
		return
		;;
	*)
		return
		;;
	esac

	case $prev in
	--token-file | --ca-file)
		COMPREPLY=($(compgen -f -- "$cur"))
		return
		;;
	--sections)
		# the names after the last comma
		words=${cur%"${cur##*,}"}
		for i in agents workload queues litellm; do
			[[ ,$words == *,$i,* ]] && continue
			[[ $words$i == "$cur"* ]] && COMPREPLY+=("$words$i")
		done
		return
		;;
	--view)
		words='full keyed'
		[[ $command == get ]] && words+=' base'
		COMPREPLY=($(compgen -W "$words" -- "$cur"))
		return
		;;
	--colour | --color)
		COMPREPLY=($(compgen -W 'auto always never' -- "$cur"))
		return
		;;
	--at | --from | --to)
		COMPREPLY=($(compgen -W 'now -15m -1h' -- "$cur"))
		return
		;;
	--url | --timeout | --key | --limit | --since | --count | --for | \
	    --give-up)
		return
		;;
	esac

	if [[ $cur == -* ]]; then
		COMPREPLY=($(compgen -W "$options $server" -- "$cur"))
		return
	fi
	case $command in
	get)
		COMPREPLY=($(compgen -W 'agents workload queues litellm
		    agents/ workload/ queues/ litellm/' -- "$cur"))
		;;
	diff)
		COMPREPLY=($(compgen -W now -- "$cur") \
		    $(compgen -f -- "$cur"))
		;;
	validate | apply)
		COMPREPLY=($(compgen -f -- "$cur"))
		;;
	esac
}

complete -o filenames -F _systate systate
