#!/bin/sh
# The programs the tests use: browser, databases, Prometheus, Alertmanager, nginx. What is missing is installed as root
# or with password-less sudo on Debian and Ubuntu; elsewhere it is named, and its tests are skipped. With CI=true a
# program that stays missing is an error.
set -eu

has() {
    for program in "$@"; do
        command -v "$program" >/dev/null 2>&1 && return 0
        [ -x "/usr/sbin/$program" ] && return 0
    done
    return 1
}

has_file() {
    for file in "$@"; do
        [ -x "$file" ] && return 0
    done
    return 1
}

# The Debian packages whose programs are missing.
missing() {
    has chromium chromium-browser google-chrome google-chrome-stable ||
        has_file "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" \
            /Applications/Chromium.app/Contents/MacOS/Chromium || echo chromium
    has chromedriver || echo chromium-driver
    has_file /usr/lib/postgresql/*/bin/initdb || has initdb || echo postgresql
    has redis-server || echo redis-server
    { has prometheus && has promtool; } || echo prometheus
    { has alertmanager prometheus-alertmanager && has amtool; } || echo prometheus-alertmanager
    has nginx || echo nginx-light
}

packages=$(missing | tr '\n' ' ')
[ -n "$packages" ] || exit 0

sudo=
[ "$(id -u)" = 0 ] || sudo="sudo -n"

install() {
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        -o DPkg::Lock::Timeout=300 "$@"
}

# The services of these packages must neither start now nor at the next boot: the tests start programs of their own.
# A policy-rc.d that is there already stays and is obeyed.
install_without_services() {
    log=$(mktemp)
    policy=
    trap '[ -z "$policy" ] || $sudo rm -f "$policy"; rm -f "$log"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    if [ ! -e /usr/sbin/policy-rc.d ]; then
        policy=/usr/sbin/policy-rc.d
        printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null
        $sudo chmod 755 "$policy"
    fi
    echo "Installing for the tests: $packages"
    if ! { $sudo apt-get update -qq -o DPkg::Lock::Timeout=300 && install $packages; } >"$log" 2>&1; then
        for package in $packages; do # one that does not exist here must not hold up the others
            install "$package" >"$log" 2>&1 || { echo "Could not install $package:"; tail -n 5 "$log"; }
        done
    fi
    if [ -d /run/systemd/system ]; then
        for package in $packages; do
            case $package in
            postgresql | redis-server | prometheus | prometheus-alertmanager) unit=$package ;;
            nginx-light) unit=nginx ;;
            *) continue ;;
            esac
            $sudo systemctl disable --quiet "$unit" 2>/dev/null || true
        done
    fi
}

if command -v apt-get >/dev/null 2>&1 && $sudo true 2>/dev/null; then
    install_without_services
    packages=$(missing | tr '\n' ' ')
    [ -n "$packages" ] || exit 0
fi

echo "Missing programs (as Debian calls their packages): $packages"
if [ "${CI:-}" = true ]; then
    echo "With CI=true they have to be there."
    exit 1
fi
echo "The tests that need them will be skipped."
