#!/bin/sh
# Asks the gate from a pipeline and waits through a hold: 0 allow, 10 deny, 20 still held, 1 no answer.
#   ask.sh --service checkout --kind rollout.start --actor ci/checkout --plan "$GIT_SHA"
# PLUMBLINE_API_URL says where, PLUMBLINE_KEYS holds the key; HOLD_TRIES (20) and HOLD_S (30) how long to wait.
set -u
tries=${HOLD_TRIES:-20}
while :; do
  ${PLUMBLINE:-npx plumbline} ask "$@"
  code=$?
  tries=$((tries - 1))
  # Only a hold is asked again. Anything else, an error too, is the answer: nothing here turns it into a yes.
  if [ "$code" -ne 20 ] || [ "$tries" -le 0 ]; then exit "$code"; fi
  sleep "${HOLD_S:-30}"
done
