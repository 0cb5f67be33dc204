/* lint-as internal/model/no_guard.h expect guard header-alone */
struct no_guard {
	int n;
};
