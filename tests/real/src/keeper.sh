# Ends what a suite leaves behind: the process groups it says were begun and never said ended, and its folder.
# The suite writes to our standard input for as long as it lives; the end of that input is the end of the suite, be
# it a return, a panic or a SIGKILL, none of which runs a destructor of a static.
folder=$1
groups=
while read -r word group; do
  case $word in
    begun) groups="$groups $group" ;;
    ended)
      rest=
      for known in $groups; do
        [ "$known" = "$group" ] || rest="$rest $known"
      done
      groups=$rest ;;
  esac
done
for group in $groups; do
  # In this form, and no shorter one, a negative number is a group to every shell.
  kill -s KILL -- "-$group" 2>/dev/null
done
rm -rf -- "$folder"
