#!/bin/sh
number=0
while read -r line; do number=$((number + 1)); done < "$1" || exit 1
echo "$number lines"
