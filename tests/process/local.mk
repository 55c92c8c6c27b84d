# The installed programs as real processes.

test_scripts += %D%/test_agent.sh
test_scripts += %D%/test_master.sh
