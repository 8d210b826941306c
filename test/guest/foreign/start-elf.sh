# Executes all generated ELF files. Usage: sh start-elf.sh
/foreign/exec-each /foreign/elf-table > /tmp/output
echo "==== begin"
cat /tmp/output
echo "==== end"
