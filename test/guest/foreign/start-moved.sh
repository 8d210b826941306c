# Runs the programs that are linked for no address. Usage: sh start-moved.sh
echo "==== begin"
/foreign/moved
echo exit $?
/foreign/moved-far
echo exit $?
/foreign/moved-far
echo exit $?
echo "==== end"
