#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Prepares Elasticsearch (7.8 and later) or OpenSearch for the documents of mailtrace; finds out which of both it is.
# It installs index templates for each kind of document, with its native names and with those of ECS, and a policy that
# deletes old indices.  Run it before the first document arrives; run again, it brings everything up to date.
# usage: setup.sh [OPTION...] [URL]
#   URL                     of the server (default: http://localhost:9200)
#   --user NAME:PASSWORD    or the environment variable MAILTRACE_USER, which other users of the machine do not see
#   --api-key KEY           of Elasticsearch, or the environment variable MAILTRACE_API_KEY
#   --cacert FILE           certificate of the authority that signed the server's
#   --insecure              any certificate will do
#   --keep-days DAYS        documents are kept at least so long, and up to a month longer (default: 90)
#   --without-retention     no policy: nothing is ever deleted
#   --without-templates     no templates: yours are used
#   --dry-run               shows the requests, sends none but the question which product it is
# Needs bash and curl.  Exit status: 0 all is in place; 1 the server is not reached or refused something; 2 wrong usage.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
url=http://localhost:9200 keep_days=90 retention=yes templates=yes dry_run=no
user=${MAILTRACE_USER:-} api_key=${MAILTRACE_API_KEY:-}
curl_options=(--silent --show-error --max-time 60)

fail() { echo "setup.sh: $1" >&2; exit "${2:-1}"; }
need() { [ -n "${2:-}" ] || fail "$1 needs a value; see --help" 2; }

while [ $# -gt 0 ]; do
  case $1 in
    -h|--help) sed -n '3,19s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
    --user) need "$@"; user=$2; shift ;;
    --api-key) need "$@"; api_key=$2; shift ;;
    --cacert) need "$@"; [ -r "$2" ] || fail "--cacert: cannot read $2" 2; curl_options+=(--cacert "$2"); shift ;;
    --insecure) curl_options+=(--insecure) ;;
    --keep-days) need "$@"; keep_days=$2; shift ;;
    --without-retention) retention=no ;;
    --without-templates) templates=no ;;
    --dry-run) dry_run=yes ;;
    -*) fail "unknown option $1; see --help" 2 ;;
    http://*|https://*) url=${1%/} ;;
    *) fail "not a URL: $1; it begins with http:// or https://" 2 ;;
  esac
  shift
done
[[ $keep_days =~ ^[1-9][0-9]{0,4}$ ]] || fail "--keep-days: not a number of days: $keep_days" 2
command -v curl > /dev/null || fail "curl is missing: install the package curl"

# secrets go to curl by a file of configuration on a pipe, not on its command line
secrets() {
  local quoted
  if [ -n "$user" ]; then
    quoted=${user//\\/\\\\}
    printf 'user = "%s"\n' "${quoted//\"/\\\"}"
  fi
  [ -z "$api_key" ] || printf 'header = "Authorization: ApiKey %s"\n' "$api_key"
}

# request METHOD PATH [BODY]: sets status and answer
request() {
  local body=()
  [ $# -lt 3 ] || body=(--header "Content-Type: application/json" --data-binary "$3")
  answer=$(curl "${curl_options[@]}" --config <(secrets) --request "$1" --write-out '\n%{http_code}' "${body[@]}" "$url$2" 2>&1) \
    || fail "$url: ${answer%$'\n'*}"
  status=${answer##*$'\n'}
  answer=${answer%$'\n'*}
}

# put WHAT PATH BODY
put() {
  if [ $dry_run = yes ]; then
    printf 'PUT %s\n%s\n\n' "$2" "$3"
    return
  fi
  request PUT "$2" "$3"
  [ "$status" = 200 ] || [ "$status" = 201 ] || fail "$1 was refused ($status): $answer"
  echo "$1: in place"
}

detect() {
  request GET /
  case $status in
    200) ;;
    401|403) fail "$url asks for a user or does not let this one in ($status); see --user and --api-key" ;;
    *) fail "$url answers $status, which neither Elasticsearch nor OpenSearch does: $answer" ;;
  esac
  version=$(grep -o '"number" *: *"[^"]*"' <<< "$answer" | grep -o '[0-9][^"]*')
  case $answer in
    *'"distribution"'*'opensearch'*) product=OpenSearch ;;
    *'"cluster_name"'*'"lucene_version"'*) product=Elasticsearch ;;
    *) fail "$url is neither Elasticsearch nor OpenSearch: $answer" ;;
  esac
  local major=${version%%.*} minor=${version#*.}
  [ $product = OpenSearch ] || [ "$major" -gt 7 ] || { [ "$major" = 7 ] && [ "${minor%%.*}" -ge 8 ]; } \
    || fail "Elasticsearch $version has no composable templates: 7.8 or later is needed"
  echo "$url: $product $version" >&2
}

# An index holds a month; its age counts from its first document.
min_age() { echo "$((keep_days + 31))d"; }

put_ilm() {
  put "policy mailtrace (documents are kept $keep_days days)" /_ilm/policy/mailtrace \
    '{"policy":{"phases":{"hot":{"min_age":"0ms","actions":{}},"delete":{"min_age":"'"$(min_age)"'","actions":{"delete":{}}}}}}'
}

# an existing policy of ISM is replaced by naming its state
put_ism() {
  local where=/_plugins/_ism/policies/mailtrace sequence term
  request GET $where
  if [ "$status" = 200 ]; then
    sequence=$(grep -o '"_seq_no" *: *[0-9]*' <<< "$answer" | grep -o '[0-9]*$')
    term=$(grep -o '"_primary_term" *: *[0-9]*' <<< "$answer" | grep -o '[0-9]*$')
    where="$where?if_seq_no=$sequence&if_primary_term=$term"
  elif [ "$status" != 404 ]; then
    [ $dry_run = yes ] || fail "this OpenSearch has no index state management ($status); --without-retention goes without it"
  fi
  put "policy mailtrace (documents are kept $keep_days days)" "$where" \
    '{"policy":{"description":"mailtrace: deletes old documents","default_state":"kept","states":[{"name":"kept","actions":[],"transitions":[{"state_name":"deleted","conditions":{"min_index_age":"'"$(min_age)"'"}}]},{"name":"deleted","actions":[{"delete":{}}],"transitions":[]}],"ism_template":[{"index_patterns":["mailtrace-*"],"priority":100}]}}'
}

put_templates() {
  local lifecycle= kind
  [ $retention = no ] || [ $product = OpenSearch ] || lifecycle=',"lifecycle":{"name":"mailtrace"}'
  put "component template mailtrace-settings" /_component_template/mailtrace-settings \
    '{"template":{"settings":{"index":{"number_of_shards":1,"auto_expand_replicas":"0-1","refresh_interval":"5s","codec":"best_compression","mapping":{"ignore_malformed":true}'"$lifecycle"'}}},"_meta":{"description":"mailtrace: settings of all its indices"}}'
  for kind in message session delivery dkim scan ecs-message ecs-session ecs-delivery ecs-dkim ecs-scan; do
    put "index template mailtrace-$kind" "/_index_template/mailtrace-$kind" "$(cat "$here/mailtrace-$kind.json")"
  done
}

detect
if [ $retention = yes ]; then
  if [ $product = Elasticsearch ]; then put_ilm; else put_ism; fi
fi
[ $templates = no ] || put_templates
