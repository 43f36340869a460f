# Sourced by `make test`: provides axe-core, which finds what a screen reader, a keyboard or weak eyes cannot use, and
# exports PARITY_AXE. A tester's own choice wins; then what was fetched before; then npm's package, by npm or by curl,
# unpacked beside the virtual environment's tools. Without it the tests are skipped, and say so.

axe_version=4.14.1
axe_sha512=1477dafa598d8d065f273d6af302aa203c02e83131707b7fa648cd41bd3d6b734f8c22a0dab86ee6a6f64b8afbe804b214d36db85a2826965edfb3a0b9d546b5
axe_folder=.venv/axe-core-$axe_version

if [ -z "${PARITY_AXE:-}" ] && [ ! -f "$axe_folder/package/axe.min.js" ]; then
    echo "No axe-core found: fetches npm's package."
    # What is not the pinned package, byte for byte, is not unpacked.
    mkdir -p "$axe_folder" && (
        cd "$axe_folder" && archive=axe-core-$axe_version.tgz &&
            { npm pack --silent "axe-core@$axe_version" > /dev/null 2>&1 ||
                curl --fail --silent --location --output "$archive" \
                    "https://registry.npmjs.org/axe-core/-/$archive"; } &&
            ../bin/python -c 'import hashlib, sys
data = open(sys.argv[1], "rb").read()
sys.exit(hashlib.sha512(data).hexdigest() != sys.argv[2])' "$archive" "$axe_sha512" &&
            tar -xzf "$archive" package/axe.min.js package/LICENSE
    ) || true
fi
if [ -z "${PARITY_AXE:-}" ] && [ -f "$axe_folder/package/axe.min.js" ]; then
    PARITY_AXE=$(pwd)/$axe_folder/package/axe.min.js
fi

[ -n "${PARITY_AXE:-}" ] || echo "No axe-core found: its test is skipped; let PARITY_AXE name an axe.min.js."
export PARITY_AXE
