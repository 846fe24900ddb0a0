/* A library with thread-local storage, for agent_stress to load and unload. */
int agent_tls_touch(void);

static __thread int touched[1000];

int agent_tls_touch(void)
{
    return ++touched[500];
}
