#!/usr/bin/env bash
# Makes the certificates of the tests anew, good for a hundred years: bash test/support/tls/make.sh (needs openssl).
# An authority; a server here, one elsewhere and a client that it vouches for; an authority and a client that nobody knows.
set -euo pipefail
cd "$(dirname "$0")"
export OPENSSL_CONF=/dev/null
days=36500

authority() { # name
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days "$days" -subj "/CN=$1" \
    -addext 'basicConstraints=critical,CA:TRUE' -keyout "$1.key" -out "$1.pem"
}
issue() { # name, authority, extensions
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr"
  openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -set_serial "0x$(openssl rand -hex 8)" \
    -days "$days" -extfile <(printf '%s\n' "$3") -out "$1.pem"
  rm "$1.csr"
}

authority authority
authority stranger
issue server authority 'subjectAltName=IP:127.0.0.1,DNS:localhost'
issue elsewhere authority 'subjectAltName=DNS:elsewhere.example'
issue client authority 'extendedKeyUsage=clientAuth'
issue unknown-client stranger 'extendedKeyUsage=clientAuth'
openssl pkey -in client.key -aes256 -passout pass:geheim -out encrypted.key
rm authority.key stranger.key
