// Attributes for Clang's thread safety analysis: they turn comments about locks into rules that
// `make lint` checks. g++ ignores them.
#pragma once

#ifdef __clang__
#define TINE_ANNOTATE(x) __attribute__((x))
#else
#define TINE_ANNOTATE(x)
#endif

#define CAPABILITY(name) TINE_ANNOTATE(capability(name))
#define SCOPED_CAPABILITY TINE_ANNOTATE(scoped_lockable)
#define GUARDED_BY(lock) TINE_ANNOTATE(guarded_by(lock))
#define REQUIRES(...) TINE_ANNOTATE(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) TINE_ANNOTATE(locks_excluded(__VA_ARGS__))
#define ACQUIRE(...) TINE_ANNOTATE(acquire_capability(__VA_ARGS__))
#define TRY_ACQUIRE(...) TINE_ANNOTATE(try_acquire_capability(__VA_ARGS__))
#define RELEASE(...) TINE_ANNOTATE(release_capability(__VA_ARGS__))
#define ASSERT_CAPABILITY(x) TINE_ANNOTATE(assert_capability(x))
#define RETURN_CAPABILITY(x) TINE_ANNOTATE(lock_returned(x))
#define NO_THREAD_SAFETY_ANALYSIS TINE_ANNOTATE(no_thread_safety_analysis)
