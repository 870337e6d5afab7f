#!/bin/sh
# Paints its words on a sign.
echo "[ $* ]"
