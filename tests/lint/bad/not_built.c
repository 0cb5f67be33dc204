/* lint-as internal/model/not_built.c expect not-built */
int sst_not_built(void);

int
sst_not_built(void)
{
	return 1;
}
