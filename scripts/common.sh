# SPDX-License-Identifier: Apache-2.0
#
# common.sh - what the scripts of this directory share; bash, to be sourced.
#
# Sets 'top' (the source tree), 'jobs' and 'build_root'.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
jobs=$(nproc)
build_root=${BUILD_ROOT:-$top/build}

packages_to_build=(
    autoconf autoconf-archive automake gcc libarchive-dev libc6-dev
    libcurl4-openssl-dev libev-dev libhttp-parser-dev libjemalloc-dev
    libmsgpack-dev libpcre2-dev libprotobuf-c-dev
    libprotobuf-dev libtool libyajl-dev make pkg-config
    protobuf-c-compiler uthash-dev zlib1g-dev check
)
packages_to_check=(
    ccache clang-14 curl git libclang-rt-14-dev procps python3
    util-linux xz-utils
)

die()
{
    echo "${0##*/}: $*" >&2
    exit 1
}

as_root()
{
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "installing packages needs root or sudo: $*"
    fi
}

# install_packages PACKAGE...: those that are missing.
install_packages()
{
    local package status missing=()

    for package in "$@"; do
        status=$(dpkg-query -W -f '${db:Status-Status}' "$package" \
            2>/dev/null || true)
        [ "$status" = installed ] || missing+=("$package")
    done
    if [ ${#missing[@]} -eq 0 ]; then
        return 0
    fi
    echo "Installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    as_root apt-get update -qq
    as_root apt-get install -qq -y --no-install-recommends "${missing[@]}" \
        >"$build_root/install.log" 2>&1 ||
        { cat "$build_root/install.log" >&2; die "installing failed"; }
}

# The compiler of that name, behind ccache where there is one.
compiler()
{
    if command -v ccache >/dev/null; then
        echo "ccache $1"
    else
        echo "$1"
    fi
}

# A tree that was configured in place cannot be built elsewhere as well: then
# 'top' becomes a copy of its sources.
leave_configured_tree()
{
    local copy=$build_root/source

    [ -f "$top/config.status" ] || return 0
    echo "Building from a copy, $copy: the tree is configured in place"
    mkdir -p "$copy"
    (cd "$top" && { git ls-files -z 2>/dev/null ||
        find . -path ./build -prune -o -type f ! -name '*.o' \
            ! -name config.status -print0; } |
        xargs -0 cp -u --parents -t "$copy")
    top=$copy
}

# Makes ./configure in a checkout where it is missing or out of date.  make
# itself takes care of what changes after that.
bootstrap_tree()
{
    if [ ! -f "$top/configure" ] || [ ! -f "$top/Makefile.in" ] ||
            [ -n "$(find "$top/configure.ac" "$top/m4/project.m4" \
                "$top/Makefile.am" -newer "$top/configure")" ]; then
        "$top/bootstrap"
    fi
}

# configure_in DIR ARGUMENT...: unless it was done with the same arguments.
configure_in()
{
    local dir=$1
    shift
    mkdir -p "$dir"
    if [ -f "$dir/Makefile" ] && [ -f "$dir/arguments" ] &&
            [ "$(cat "$dir/arguments")" = "$*" ]; then
        return 0
    fi
    (cd "$dir" && "$top/configure" -q "$@") || return 1
    echo "$*" >"$dir/arguments"
}
