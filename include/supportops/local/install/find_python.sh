# Prints the interpreter to make .venv with: the one that $1 names, else the first that runs.
# A shim can be on PATH and still fail, so each candidate is run.

fits() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}

if [ -n "$1" ]; then
    set -- "$1"
else
    set -- python3.13 python3.12 python3.11 python3
fi
for candidate; do
    if fits "$candidate"; then
        echo "$candidate"
        exit 0
    fi
done

found=
for candidate; do
    version=$("$candidate" --version 2>/dev/null)
    [ -n "$version" ] && found="${found:+$found, }$candidate is $version"
done
echo "supportops needs Python 3.11, 3.12 or 3.13 (${found:-none of these runs here: $*});" \
    "install one, or name it: make PYTHON=/path/to/python3.13" >&2
exit 2
