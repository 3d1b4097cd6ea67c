#!/bin/sh
# A canary that curl alone plays on a served endpoint. In one terminal
#
#     simab serve scenarios/minimal.yaml --endpoint prod
#
# and in another, with the variables that it prints,
#
#     sh scenarios/curl/canary.sh prod current new
#
# It gives the candidate more and more of the traffic, looks at Prometheus's metrics after each step,
# and ends with 0 where the candidate has all of it, with 1 where it took it back.
set -eu

url=${AWS_ENDPOINT_URL:?set it to the address that simab serve prints}
endpoint=${1:?the endpoint}
control=${2:?the variant that serves}
candidate=${3:?the variant that is to take over}

# Simulated time passes; in production this would be `sleep "$1"`.
wait_seconds() {
    curl -fsS "$url/_simab/advance" -d "{\"seconds\": $1}" >/dev/null
}

# Percent of the traffic that the candidate is to have. A change of weights is in force after 62 s.
weigh() {
    curl -fsS "$url/" \
        -H 'Content-Type: application/x-amz-json-1.1' \
        -H 'X-Amz-Target: SageMaker.UpdateEndpointWeightsAndCapacities' \
        -d "{\"EndpointName\": \"$endpoint\", \"DesiredWeightsAndCapacities\": [
            {\"VariantName\": \"$control\", \"DesiredWeight\": $((100 - $1))},
            {\"VariantName\": \"$candidate\", \"DesiredWeight\": $1}]}" >/dev/null
    wait_seconds 75
}

# The first value of a query; nothing where it finds none.
value() {
    curl -fsS "$url/api/v1/query" --data-urlencode "query=$1" |
        sed -n 's/[^[]*\[[^[]*"value": *\[[^,]*, *"\([^"]*\)".*/\1/p'
}

requests="simab_requests_total{endpoint=\"$endpoint\",variant=\"$candidate\""
success="sum(rate($requests,code!~\"5.*\"}[5m])) / sum(rate($requests}[5m]))"
buckets="simab_request_duration_seconds_bucket{endpoint=\"$endpoint\",variant=\"$candidate\"}"
latency="histogram_quantile(0.99, sum by (le) (rate($buckets[5m])))"

for percent in 10 25 50 100; do
    weigh "$percent"
    wait_seconds 300
    echo "$percent % of the traffic: success rate $(value "$success"), p99 $(value "$latency") s"
    # A comparison keeps the value for which it holds, so what is empty has failed, and NaN too.
    if [ -z "$(value "$success >= 0.99")" ] || [ -z "$(value "$latency <= 0.5")" ]; then
        weigh 0
        echo "$candidate was taken back"
        exit 1
    fi
done
echo "$candidate has all of the traffic"
