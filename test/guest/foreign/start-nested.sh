# Runs the program with a nested function. Usage: sh start-nested.sh
echo "==== begin"
/foreign/nested
echo exit $?
echo "==== end"
