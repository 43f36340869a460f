# Sourced by `make test`: finds an nginx for the tests behind it, or provides one, and exports PARITY_NGINX.
# A tester's own choice wins; then what is installed; then Debian's package: installed (as root), or unpacked beside the
# virtual environment's tools (as anybody else). Where none of it works the tests are skipped, and say so.

if [ -z "${PARITY_NGINX:-}" ]; then
    PARITY_NGINX=$(PATH="$PATH:/usr/sbin:/usr/local/sbin:/opt/homebrew/bin" command -v nginx || true)
fi

if [ -z "$PARITY_NGINX" ] && [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
    echo "No nginx found: installs Debian's package."
    apt-get update -qq && apt-get install -y -qq nginx-light > /dev/null
    PARITY_NGINX=$(PATH="$PATH:/usr/sbin" command -v nginx || true)
fi

unpacked=.venv/nginx/usr/sbin/nginx
if [ -z "$PARITY_NGINX" ] && [ ! -x "$unpacked" ] && command -v apt-get > /dev/null && command -v dpkg > /dev/null; then
    echo "No nginx found: unpacks Debian's package below .venv."
    # Which of the two holds the program depends on the release.
    mkdir -p .venv/nginx && (
        cd .venv/nginx && apt-get download -qq nginx nginx-light &&
            for package in nginx*.deb; do dpkg -x "$package" .; done
    ) || true
fi
if [ -z "$PARITY_NGINX" ] && [ -x "$unpacked" ] && "$unpacked" -v 2> /dev/null; then
    PARITY_NGINX=$(pwd)/$unpacked
fi

[ -n "$PARITY_NGINX" ] || echo "No nginx found: the tests behind it are skipped; install it, or let PARITY_NGINX name one."
export PARITY_NGINX
