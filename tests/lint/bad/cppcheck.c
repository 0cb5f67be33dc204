/* lint-as internal/model/cppcheck.c expect cppcheck*1 */
int sst_cppcheck(int n);

int
sst_cppcheck(int n)
{
	int a[4] = {0};

	a[n & 3] = 1;
	return a[4];
}
