"""The eighty-three faults, each with the tests that provoke it beside the scenarios that name its number."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One fault of the list: what happens, what must come of it, and the tests beside the table."""

    number: int
    what: str
    must: str
    tests: tuple[str, ...] = ()


CONNECTION = "transport/test_connection.py::test_"
STATUSES = "transport/test_statuses.py::test_"
ANSWERS = "transport/test_answers.py::test_"
KEY = "transport/test_key.py::test_"
TLS = "transport/test_tls_and_proxies.py::test_"
FILES = "transport/test_files.py::test_"
CACHE = "transport/test_cache.py::test_"
THREADS = "transport/test_threads_and_processes.py::test_"
READING = "test_reading.py::test_"
STORE = "test_store.py::test_"
VALUES = "frames/test_values_that_do_not_fit.py::test_"
ROADS = "frames/test_same_frame_by_every_road.py::test_"
REFUSED = "formats/test_refused_files.py::test_"
ROWS = "formats/test_json_rows.py::test_"
QUERY = "test_query.py::test_"
WATCH = "topics/test_watching.py::test_"
RECORD = "topics/test_recording.py::test_"
DISK = "conformance/test_disk.py::test_"
PROCESSES = "conformance/test_processes.py::test_"
LOAD = "conformance/test_load.py::test_"
CHANGES = "conformance/test_changes.py::test_"

AREAS = {
    "Connection and transport": range(1, 19),
    "Status and quota": range(19, 31),
    "Status 200, and the wrong content": range(31, 43),
    "A dataset that changes while it is read": range(43, 50),
    "Values": range(50, 60),
    "Disk, processes, threads": range(60, 71),
    "What callers pass": range(71, 77),
    "Polling": range(77, 84),
}

FAULTS = (
    Fault(
        1,
        "connection refused",
        "asked again; then NetworkError with host and attempts",
        (
            CONNECTION + "a_portal_that_refuses_names_host_and_attempts",
            CONNECTION + "a_portal_that_is_back_within_the_retries_answers",
        ),
    ),
    Fault(2, "accepted, then reset", "as 1", (CONNECTION + "a_connection_that_is_accepted_and_reset_is_made_again",)),
    Fault(3, "reset before the headers", "asked again"),
    Fault(
        4,
        "reset inside the body",
        "the whole download again",
        (CONNECTION + "a_download_that_breaks_once_is_repeated_as_a_whole",),
    ),
    Fault(5, "shorter than Content-Length", "asked again"),
    Fault(6, "chunks without the last", "asked again"),
    Fault(7, "no length at all, and cut", "found by its rows and structure; never kept"),
    Fault(8, "right framing, cut body", "as 7"),
    Fault(
        9,
        "Content-Length too small",
        "as 7; the connection is dropped",
        (CONNECTION + "a_connection_with_bytes_left_over_is_dropped",),
    ),
    Fault(10, "Content-Length too big", "asked again"),
    Fault(
        11,
        "no answer",
        "time-outs are always set; asked twice more at most",
        (CONNECTION + "a_silent_server_is_asked_three_times_at_most",),
    ),
    Fault(12, "silence inside the body", "asked again, within the deadline"),
    Fault(
        13,
        "one byte at a time",
        "the deadline of the call cuts it",
        (
            CONNECTION + "the_deadline_cuts_a_drip_that_no_time_out_meets",
            CONNECTION + "the_deadline_cuts_a_dripping_download",
        ),
    ),
    Fault(
        14,
        "certificate self-signed, run out, of another host",
        "not asked again; the message names the way out",
        (
            TLS + "a_certificate_that_nobody_vouches_for_is_refused_at_once",
            TLS + "a_certificate_bundle_of_ones_own_is_honoured",
        ),
    ),
    Fault(15, "reset inside TLS", "asked again", (TLS + "a_reset_inside_tls_is_asked_again",)),
    Fault(
        16,
        "kept connection gone stale",
        "one new connection at once, no failure",
        (CONNECTION + "a_connection_gone_stale_is_replaced_at_once",),
    ),
    Fault(
        17,
        "gzip bomb",
        "cut at `max_bytes`, in flat memory",
        (CONNECTION + "a_gzip_bomb_is_cut_at_the_limit", CONNECTION + "a_gzip_bomb_never_lies_in_memory"),
    ),
    Fault(
        18,
        "proxy of the environment",
        "used; the key goes inside its tunnel only",
        (TLS + "a_proxy_of_the_environment_is_used", TLS + "the_key_goes_to_no_proxy_but_inside_the_tunnel"),
    ),
    Fault(
        19,
        "5xx for a while",
        "exactly as many more requests",
        (STATUSES + "a_server_that_recovers_is_asked_exactly_once_more_than_it_failed",),
    ),
    Fault(
        20,
        "5xx for ever",
        "ServerError; all threads share one budget of retries",
        (
            STATUSES + "the_retries_of_all_threads_together_have_an_end",
            LOAD + "in_an_outage_many_threads_share_one_budget_and_are_all_told",
        ),
    ),
    Fault(
        21, "503 with Retry-After", "waits as long as asked", (STATUSES + "the_portal_is_given_the_time_it_asks_for",)
    ),
    Fault(
        22,
        "429 with Retry-After",
        "waits as long as asked",
        (STATUSES + "throttling_while_calls_are_left_is_no_used_up_quota",),
    ),
    Fault(
        23,
        "daily quota used up",
        "QuotaExceededError at once, with the moment of reset; stored data where allowed",
        (
            STATUSES + "a_used_up_daily_quota_is_not_asked_again",
            CHANGES + "with_the_quota_used_up_stored_data_are_given_where_that_is_allowed",
        ),
    ),
    Fault(
        24,
        "Retry-After of an hour",
        "QuotaExceededError with `retry_after`, no sleep",
        (STATUSES + "a_long_wait_is_left_to_the_caller",),
    ),
    Fault(25, "Retry-After that makes no sense", "ignored", (STATUSES + "a_hint_that_makes_no_sense_is_ignored",)),
    Fault(
        26,
        "401, 403",
        "AuthenticationError, no retry, no key in it",
        (STATUSES + "a_refused_key_is_named_by_its_source_and_never_shown",),
    ),
    Fault(
        27,
        "404",
        "DatasetNotFoundError with ids that look alike",
        ("test_dataset.py::test_an_unknown_dataset_names_what_looks_alike_when_the_listing_is_known",),
    ),
    Fault(
        28,
        "400",
        "QueryError with the portal's words",
        (STATUSES + "a_question_that_is_refused_keeps_the_portals_words",),
    ),
    Fault(
        29,
        "an error with HTML, nothing, or no UTF-8",
        "the status decides; the body is quoted, escaped",
        (STATUSES + "the_status_decides_whatever_the_body_is",),
    ),
    Fault(
        30,
        "redirects",
        "five at most; with a key on its own origin only",
        (
            KEY + "a_redirect_to_another_origin_is_not_followed_with_a_key",
            KEY + "redirects_in_a_circle_end_after_five",
            KEY + "a_redirect_to_another_origin_is_followed_without_a_key",
        ),
    ),
    Fault(
        31,
        "HTML with 200",
        "asked once more, then UnexpectedAnswerError; never kept",
        (ANSWERS + "an_answer_that_makes_no_sense_is_never_kept",),
    ),
    Fault(32, "right body, wrong Content-Type", "taken", (ANSWERS + "the_content_decides_and_not_its_label",)),
    Fault(33, "no JSON, or JSON of another shape", "as 31", (REFUSED + "another_shape_is_refused",)),
    Fault(
        34,
        "an empty body",
        "as 31; an empty dataset is an empty, typed frame",
        (REFUSED + "an_empty_file_is_no_data", "test_roads.py::test_an_empty_answer_keeps_columns_and_dtypes"),
    ),
    Fault(
        35,
        "an export lacks rows",
        "asked once more, then IncompleteDataError",
        (READING + "another_number_of_rows_than_announced_is_an_error",),
    ),
    Fault(36, "the count lies", "as 35, in a bounded number of requests"),
    Fault(37, "the same page again", "IncompleteDataError", (READING + "a_page_that_comes_again_is_an_error",)),
    Fault(
        38,
        "pages without an order",
        "every scalar field orders them",
        (READING + "pages_are_whole_in_spite_of_an_unstable_order",),
    ),
    Fault(39, "an error in the middle of an export", "as 31"),
    Fault(
        40,
        "Parquet cut or with garbage",
        "asked once more, then an error; rows are counted by the footer first",
        (
            REFUSED + "parquet_with_garbage_inside_is_refused",
            REFUSED + "more_rows_than_allowed_are_refused_before_parquet_is_read",
        ),
    ),
    Fault(
        41,
        "the description lags behind",
        "the count of the same question wins",
        (READING + "metadata_that_lag_behind_do_not_cut_the_answer",),
    ),
    Fault(
        42,
        "one broken entry of the catalogue",
        "that one is degraded, with a warning; the rest is whole",
        ("test_catalog.py::test_one_broken_entry_degrades_alone_with_a_warning",),
    ),
    Fault(
        43,
        "processed again while it is read",
        "read again twice, then DatasetChangedError; never mixed",
        (
            READING + "a_dataset_processed_while_it_is_read_is_read_again",
            READING + "pages_of_two_versions_are_read_again",
            CHANGES + "a_download_that_meets_ever_new_versions_leaves_the_old_file",
        ),
    ),
    Fault(
        44,
        "changes faster than it can be read",
        "taken where the count holds, with a warning, not kept",
        (READING + "a_real_time_dataset_is_taken_as_it_is_and_says_so",),
    ),
    Fault(
        45,
        "fields come and go",
        "frames follow the new fields, with a warning",
        (
            READING + "a_changed_schema_is_followed_with_a_warning",
            CHANGES + "a_field_that_went_away_is_noticed_on_a_single_page",
        ),
    ),
    Fault(
        46,
        "a field changes its type",
        "values that do not fit are missing, and counted in a warning",
        (VALUES + "whole_numbers", RECORD + "a_column_that_changes_its_type_is_read_as_text"),
    ),
    Fault(
        47,
        "deleted while it is stored",
        "DatasetNotFoundError; the old data only where asked for",
        (CHANGES + "a_dataset_that_was_deleted_is_not_found_and_still_there_offline",),
    ),
    Fault(
        48,
        "stored by another version of the library",
        "not found, and removed",
        (STORE + "an_entry_of_another_format_is_a_miss_and_goes",),
    ),
    Fault(
        49,
        "clocks that jump, versions that go back",
        "versions are compared for equality; the future has no age",
        (
            STORE + "an_entry_from_the_future_is_of_no_age_that_counts",
            STORE + "the_newest_is_found_by_its_time_and_not_by_its_version",
            CHANGES + "a_version_that_goes_back_is_another_version",
        ),
    ),
    Fault(
        50,
        "NaN and infinity",
        "missing among whole numbers and dates; kept among doubles where sent",
        (VALUES + "not_a_number_stays_what_it_is_where_it_was_sent", VALUES + "doubles"),
    ),
    Fault(
        51,
        "numbers beyond 64 bits, of thousands of digits",
        "never rounded: the column is text; or an error",
        (
            VALUES + "a_whole_number_beyond_64_bits_makes_the_column_text",
            ROADS + "a_number_beyond_64_bits_makes_its_column_text_by_every_road",
        ),
    ),
    Fault(
        52, "100,000 levels of nesting", "UnexpectedAnswerError", (REFUSED + "json_that_python_cannot_read_is_refused",)
    ),
    Fault(
        53,
        "a name twice",
        "refused in metadata and headers; the last of two in rows",
        (
            ROWS + "the_last_of_two_equal_keys_counts",
            "formats/test_csv_files.py::test_labels_that_two_fields_share_are_refused",
        ),
    ),
    Fault(
        54,
        "half a surrogate pair, NUL",
        "replaced and counted; NUL is kept",
        (
            ROWS + "half_a_surrogate_pair_is_replaced_and_counted_once_per_value",
            STORE + "text_of_every_kind_is_kept_as_it_is",
        ),
    ),
    Fault(55, "no UTF-8", "refused, or counted in a warning", (VALUES + "bytes_that_are_no_text_are_counted",)),
    Fault(
        56,
        "text of every kind",
        "as it was sent, by every road",
        (ROADS + "values_are_what_was_sent", ROADS + "any_rows_are_the_same_table_by_every_road"),
    ),
    Fault(
        57, "a list or an object where a number is expected", "as 46", (VALUES + "whole_numbers", VALUES + "booleans")
    ),
    Fault(
        58,
        "impossible dates, hours that the clock skips",
        "missing and counted; moments are aware",
        (
            VALUES + "dates",
            VALUES + "moments",
            "frames/test_pandas_frames.py::test_moments_around_a_change_of_the_clock_stay_an_hour_apart",
        ),
    ),
    Fault(
        59,
        "broken geometry",
        "the row stays, its geometry is missing and counted",
        (
            VALUES + "broken_points_are_missing_and_their_neighbours_stay",
            VALUES + "broken_shapes_are_missing_and_their_neighbours_stay",
        ),
    ),
    Fault(
        60,
        "killed at any moment",
        "no torn entry is ever read; nothing is lost or doubled",
        (
            PROCESSES + "whoever_is_killed_leaves_a_whole_dataset_or_none",
            STORE + "no_process_ever_reads_a_torn_entry_whatever_is_killed",
            RECORD + "a_recorder_killed_again_and_again_loses_and_doubles_nothing",
            FILES + "a_killed_download_leaves_the_old_file_and_a_part_that_is_swept_after_a_day",
        ),
    ),
    Fault(
        61,
        "Ctrl-C",
        "passes at once, leaves nothing",
        (
            CONNECTION + "an_interrupt_by_the_user_passes_at_once",
            STORE + "an_interrupt_while_writing_leaves_nothing",
            WATCH + "an_interrupt_passes_at_once_and_ends_it",
        ),
    ),
    Fault(
        62,
        "the disk is full",
        "data come into memory with one warning; a named file stays the old one",
        (
            DISK + "a_full_disk_keeps_nobody_from_the_data",
            DISK + "a_full_disk_leaves_the_file_that_a_person_named",
            RECORD + "a_disk_that_is_full_is_told_and_loses_nothing",
        ),
    ),
    Fault(
        63,
        "no folder to store in, or an unsafe one",
        "goes on without, with one warning",
        (
            DISK + "a_folder_that_is_unfit_is_not_used_and_said_once",
            DISK + "a_folder_that_can_only_be_read_is_read",
            DISK + "a_folder_that_is_missing_is_made_for_its_owner_alone",
            STORE + "without_a_home_there_is_no_store",
        ),
    ),
    Fault(
        64,
        "a stored file is damaged",
        "found, removed, fetched again, with a warning",
        (DISK + "whatever_file_is_damaged_the_data_are_right", CACHE + "a_corrupt_file_is_replaced_with_one_warning"),
    ),
    Fault(
        65,
        "many ask for the same at once",
        "one download; nobody waits for ever",
        (
            PROCESSES + "processes_that_ask_at_once_download_once",
            PROCESSES + "threads_that_ask_at_once_download_once",
            STORE + "a_lock_whose_holder_dies_is_free",
        ),
    ),
    Fault(
        66,
        "a lock is held for ever",
        "a bounded wait, then without",
        (
            PROCESSES + "a_lock_that_a_foreign_process_holds_for_ever_costs_a_wait_and_no_data",
            CACHE + "a_file_that_another_process_holds_is_waited_for_only_shortly",
        ),
    ),
    Fault(
        67,
        "locks do not work",
        "only work is done twice",
        (
            STORE + "locks_that_do_not_work_cost_nothing_but_work",
            STORE + "a_file_system_that_ignores_locks_still_holds_whole_entries",
        ),
    ),
    Fault(
        68,
        "fork, spawn, pickles",
        "connections of one's own; no key in a pickle",
        (
            PROCESSES + "a_fork_after_use_goes_on_by_itself",
            PROCESSES + "a_dataset_travels_to_workers_without_its_key",
            THREADS + "a_fork_opens_its_own_connection_and_holds_no_lock",
        ),
    ),
    Fault(
        69,
        "the store is cleared while it is read",
        "the reader finishes, or fetches again",
        (
            PROCESSES + "whoever_reads_while_the_store_is_cleared_reads_on_or_fetches_again",
            STORE + "a_file_that_is_being_read_stays_until_it_was_read",
        ),
    ),
    Fault(
        70,
        "the target is there, is a link, has no folder",
        "replaced when the new one is whole; a link stays one",
        (
            FILES + "a_file_that_is_there_is_replaced_by_the_new_one",
            FILES + "a_link_stays_a_link_and_its_file_is_replaced",
            FILES + "a_missing_folder_is_said_before_any_request",
        ),
    ),
    Fault(
        71,
        "ids that are none",
        "ValueError before any request",
        (ANSWERS + "what_is_no_dataset_id_is_refused_before_any_request",),
    ),
    Fault(
        72,
        "quotes, backslashes, stars in values",
        "one literal of the same value",
        (
            QUERY + "any_text_is_one_literal",
            "odsql/test_quoting.py::test_any_text_comes_back_as_one_literal_of_the_same_value",
        ),
    ),
    Fault(
        73,
        "limits, moments and fields that are none",
        "ValueError or UnknownFieldError with what is allowed",
        (
            QUERY + "a_negative_limit_is_refused",
            QUERY + "a_naive_moment_is_refused",
            QUERY + "unknown_fields_are_refused_with_the_nearest_before_rows_are_asked_for",
        ),
    ),
    Fault(
        74,
        "addresses that are no portal",
        "ConfigurationError",
        ("test_portals.py::test_what_cannot_be_a_portal_is_refused", KEY + "a_key_is_not_sent_in_the_open"),
    ),
    Fault(
        75,
        "keys that are none",
        "refused without being shown",
        (
            "test_config.py::test_a_key_that_cannot_stand_in_a_header_is_refused_without_being_shown",
            KEY + "a_key_that_is_no_header_value_is_refused_without_being_shown",
        ),
    ),
    Fault(
        76,
        "callbacks that raise, pieces that nobody takes, use after closing",
        "reaches the caller; nothing stays open",
        (
            WATCH + "an_error_of_the_callback_reaches_the_caller",
            READING + "pieces_that_nobody_takes_leave_nothing_behind",
            THREADS + "a_closed_transport_opens_anew",
            CONNECTION + "an_error_of_the_callers_own_function_passes_and_leaves_nothing",
        ),
    ),
    Fault(
        77,
        "some polls fail",
        "it lives on, waits longer, says so",
        (WATCH + "it_lives_on_after_failures_and_says_so", WATCH + "failures_of_a_portal_are_lived_through"),
    ),
    Fault(
        78,
        "a poll slower than the interval",
        "no overlap, no burst",
        (
            WATCH + "a_poll_slower_than_the_interval_is_followed_by_the_next_tick_and_no_burst",
            WATCH + "polls_never_overlap",
        ),
    ),
    Fault(
        79,
        "unchanged, older, frozen",
        "each observation once; told once",
        (WATCH + "only_what_is_new_is_yielded", WATCH + "a_feed_that_stands_still_is_told_once_until_it_moves"),
    ),
    Fault(
        80,
        "few calls left",
        "the interval grows; a used-up quota is waited for where asked",
        (WATCH + "the_interval_grows_so_that_the_calls_left_last", WATCH + "a_used_up_quota_is_waited_for_when_asked"),
    ),
    Fault(
        81,
        "stopped from another thread",
        "within a second; no request afterwards",
        (WATCH + "it_stops_while_it_waits", WATCH + "it_stops_within_a_request_and_sends_none_afterwards"),
    ),
    Fault(
        82,
        "thousands of polls",
        "memory, sockets, threads and files stay as they are",
        (WATCH + "thousands_of_polls_leave_nothing_behind", WATCH + "polls_of_a_portal_keep_one_connection"),
    ),
    Fault(
        83,
        "sleep of the computer, another wall clock",
        "a monotonic schedule",
        (
            WATCH + "a_computer_that_slept_asks_once_and_is_on_schedule_again",
            WATCH + "setting_the_wall_clock_moves_no_poll",
        ),
    ),
)
