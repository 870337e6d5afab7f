#!/bin/sh
# How many ships came in, and what they carried.
awk -F, '{ ships++; tons += $2 } END { print ships " ships, " tons " tons" }' ships.csv
