#!/bin/sh
# Reads the tide table aloud.
echo "High water at $(cat table.txt)"
