# Runs the program that is linked for no address. Usage: sh start-moved.sh
echo "==== begin"
/foreign/moved
echo exit $?
echo "==== end"
