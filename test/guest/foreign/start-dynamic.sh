# Runs the dynamic programs; reader.sh is a script that one of them reads. Usage: sh start-dynamic.sh
echo "==== begin"
/foreign/dynamic one "two words"
echo exit $?
/foreign/reader.sh three
echo exit $?
/foreign/dynamic --as-student /foreign/set-user-id
echo exit $?
/foreign/dynamic --as-student /foreign/dynamic
echo exit $?
/foreign/dynamic-cc a bbb
echo exit $?
echo "==== end"
