#!/bin/sh
# Opens the office, with whatever is installed.
echo "ready:" $(ls /opt)
