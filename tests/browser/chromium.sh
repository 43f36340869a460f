# Sourced by `make test`: finds a Chrome or Chromium for the browser tests, or provides one, and exports PARITY_CHROMIUM.
# A tester's own choice wins; then what is installed; then Debian's package (as root); then Playwright's download.

if [ -z "${PARITY_CHROMIUM:-}" ]; then
    for name in chromium chromium-browser google-chrome google-chrome-stable chrome; do
        PARITY_CHROMIUM=$(command -v "$name" || true)
        [ -z "$PARITY_CHROMIUM" ] || break
    done
fi

mac="/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
if [ -z "$PARITY_CHROMIUM" ] && [ -x "$mac" ]; then
    PARITY_CHROMIUM=$mac
fi

if [ -z "$PARITY_CHROMIUM" ] && [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
    echo "No Chromium found: installs Debian's package."
    apt-get update -qq && apt-get install -y -qq chromium > /dev/null
    PARITY_CHROMIUM=$(command -v chromium || true)
fi

if [ -z "$PARITY_CHROMIUM" ]; then
    echo "No Chromium found: lets Playwright download its own."
    .venv/bin/python -m playwright install chromium
    PARITY_CHROMIUM=$(.venv/bin/python -c 'from playwright.sync_api import sync_playwright as p
with p() as play: print(play.chromium.executable_path)')
fi

export PARITY_CHROMIUM
