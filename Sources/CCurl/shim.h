#include <curl/curl.h>

// Swift does not import C's variadic functions: one plain function for each type of argument. The parentheses step
// around the type-checking macros of typecheck-gcc.h, which want a constant option.
static inline CURLcode ccurl_set_long(CURL *h, CURLoption o, long v) { return (curl_easy_setopt)(h, o, v); }
static inline CURLcode ccurl_set_text(CURL *h, CURLoption o, const char *v) { return (curl_easy_setopt)(h, o, v); }
static inline CURLcode ccurl_set_pointer(CURL *h, CURLoption o, void *v) { return (curl_easy_setopt)(h, o, v); }
static inline CURLcode ccurl_set_list(CURL *h, CURLoption o, struct curl_slist *v) { return (curl_easy_setopt)(h, o, v); }
static inline CURLcode ccurl_set_callback(CURL *h, CURLoption o, curl_write_callback f) { return (curl_easy_setopt)(h, o, f); }
static inline CURLcode ccurl_get_long(CURL *h, CURLINFO i, long *v) { return (curl_easy_getinfo)(h, i, v); }
static inline CURLcode ccurl_get_offset(CURL *h, CURLINFO i, curl_off_t *v) { return (curl_easy_getinfo)(h, i, v); }
static inline CURLcode ccurl_get_pointer(CURL *h, CURLINFO i, void **v) { return (curl_easy_getinfo)(h, i, v); }
static inline CURLMcode ccurl_multi_set_long(CURLM *m, CURLMoption o, long v) { return (curl_multi_setopt)(m, o, v); }
static inline CURLMcode ccurl_multi_set_pointer(CURLM *m, CURLMoption o, void *v) { return (curl_multi_setopt)(m, o, v); }
static inline CURLMcode ccurl_multi_on_socket(CURLM *m, curl_socket_callback f) {
    return (curl_multi_setopt)(m, CURLMOPT_SOCKETFUNCTION, f);
}
static inline CURLMcode ccurl_multi_on_timer(CURLM *m, curl_multi_timer_callback f) {
    return (curl_multi_setopt)(m, CURLMOPT_TIMERFUNCTION, f);
}
static inline CURLcode ccurl_message_result(const CURLMsg *m) { return m->data.result; }
