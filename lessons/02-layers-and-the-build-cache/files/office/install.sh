#!/bin/sh
# Stands in for a package manager such as pip or apt-get: slow, and the same every time.
mkdir -p /opt
while read -r name; do
    echo "installing $name ..."
    sleep 1
    echo "$name" > "/opt/$name"
done < packages.txt
