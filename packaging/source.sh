# shellcheck shell=sh
# What the build scripts begin with: the source in a folder of its own, staged, and the version that it says it has.

# take_source FOLDER PYTHON: put what was committed, or what an archive held, into FOLDER/vmstore, stage it in FOLDER/staged,
# go there, and set $version and SOURCE_DATE_EPOCH, by which two builds of one commit are alike.
take_source() {
    if git rev-parse HEAD >/dev/null 2>&1; then
        git clone -q . "$1/vmstore"
        SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
    else
        cp -a . "$1/vmstore"
        SOURCE_DATE_EPOCH=$(stat -c %Y CHANGELOG.md)
    fi
    export SOURCE_DATE_EPOCH
    cd "$1/vmstore" || exit
    packaging/stage "$1/staged" "$2"
    # shellcheck disable=SC2034  # used by who sources this
    version=$(sed -n 's/^Version: //p' "$1"/staged/usr/lib/vmstore/vmstore-*.dist-info/METADATA | sed 's/\.dev/~dev/')
}
