# Debian's busybox as another user. Usage: busybox sh start-su.sh
cd /
echo secret > /root-only && chmod 600 /root-only
cat > /tmp/as-student.sh << 'END'
id
whoami
cat /root-only
echo mine > /home/student/note
echo no > /note
kill 1
chown root /home/student/note
END
echo "==== begin"
id
su student -c 'busybox sh /tmp/as-student.sh' 2>&1
ls -l /home/student/note /root-only | sed 's/... .. ..:.. //'
echo "==== end"
