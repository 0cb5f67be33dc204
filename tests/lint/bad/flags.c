/* lint-as internal/model/flags.c expect flags */
int sst_flags(void);

int
sst_flags(void)
{
	return 1;
}
