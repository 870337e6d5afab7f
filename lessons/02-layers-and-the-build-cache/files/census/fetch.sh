#!/bin/sh
# Stands in for a large download: every ship of the last century.
mkdir -p /data
yes "Ameland,120" | head -n 700000 > /data/ships.csv
