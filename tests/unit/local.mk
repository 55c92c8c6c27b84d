# One module under test in each program.  A program is two lines:
#
#   check_PROGRAMS += %D%/test_offer
#   %C%_test_offer_LDADD = master/libmaster.la $(LIBTEST) $(LIBMODEL)
#
# and a third for what includes the insides of libactor:
#
#   %C%_test_mailbox_CPPFLAGS = $(LIBACTOR_CPPFLAGS)

check_PROGRAMS += %D%/test_testlib
%C%_test_testlib_LDADD = $(LIBTEST)

check_PROGRAMS += %D%/test_message_msgpack
%C%_test_message_msgpack_LDADD = $(LIBTEST) $(LIBPROTO) $(LIBACTOR)

check_PROGRAMS += %D%/test_message_wires
%C%_test_message_wires_LDADD = $(LIBTEST) $(LIBPROTO) $(LIBACTOR)
