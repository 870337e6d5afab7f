#!/bin/sh
# Says its words in capital letters.
echo "$*" | tr a-z A-Z
