# Runs busybox.sh as busybox-oracle does, and shows what it printed. Usage: busybox sh start-busybox.sh
mkdir /tmp/run && cd /tmp/run && cp /foreign/busybox.sh .
env -i PATH=/bin busybox sh busybox.sh < /dev/null > /tmp/output 2>&1
echo "==== begin"
cat /tmp/output
echo "==== end"
