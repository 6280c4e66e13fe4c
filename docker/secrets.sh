#!/bin/sh
# Draws what is secret into docker/secrets/, once: what is there stays. Keep a copy of secret_key, with another one the
# same caller gets another hash.
set -eu
cd "$(dirname "$0")"
mkdir -p secrets
# Others get no further than the folder; the files themselves are read by the containers' own users.
chmod 700 secrets

drawn() {
    od -An -N32 -tx1 /dev/urandom | tr -d ' \n'
}

keep() {
    [ -e "secrets/$1" ] || printf '%s' "$2" >"secrets/$1"
    chmod 644 "secrets/$1"
}

keep secret_key "$(drawn)"
keep postgres_password "$(drawn)"
keep database_url "postgresql+psycopg://voicehive:$(cat secrets/postgres_password)@postgres:5432/voicehive"
keep grafana_password "$(drawn)"
keep slack_webhook_url ""
echo "Secrets are in $(pwd)/secrets. For messages in Slack write its webhook's URL into secrets/slack_webhook_url."
