# Runs the static C++ program, and shows what it printed. Usage: sh start-program.sh
cd /tmp
/foreign/program 'two words' three < /foreign/start-program.sh > /tmp/output 2>&1
echo exit $? >> /tmp/output
echo "==== begin"
cat /tmp/output
echo "==== end"
