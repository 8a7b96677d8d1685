#!/bin/sh
# Makes every secret that is not there yet from its example, each `change-me` a random one.
# What is there stays as it is.
set -eu
cd "$(dirname "$0")"
umask 077

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

# One password for two files: the one that is there already, if there is.
if [ -e redis.env ]; then redis=$(sed -n 's/^REDIS_PASSWORD=//p' redis.env); else redis=$(random); fi

for example in *.example; do
    file=${example%.example}
    [ -e "$file" ] && continue
    sed -e "s/change-me-redis/$redis/" -e "s/change-me/$(random)/" "$example" >"$file"
    echo "made deploy/secrets/$file"
done
# Hashes only, and read by the container's own user.
chmod 644 gateway-keys.toml
