package main

// figures are the rows of docs/FIGURES.md in their order.
var figures = []row{
	{id: "boot_to_registered_s", unit: "s"},
	{id: "image_mib", unit: "MiB"},
	{id: "rss_registered_mb", unit: "MB"},
	{id: "rss_in_call_mb", unit: "MB"},
	{id: "key_to_invite_ms", unit: "ms"},
	{id: "invite_to_ring_ms", unit: "ms"},
	{id: "invite_to_200_ms", unit: "ms"},
	{id: "first_rtp_ms", unit: "ms"},
	{id: "rtp_spacing_p50_ms", unit: "ms"},
	{id: "rtp_spacing_p99_ms", unit: "ms"},
	{id: "key_to_pixels_ms", unit: "ms"},
	{id: "attach_after_enumeration_s", unit: "s"},
	{id: "replug_cycles_ok", unit: "of 100"},
	{id: "tpcp_p50_ms", unit: "ms"},
	{id: "tpcp_p99_ms", unit: "ms"},
	{id: "tpcp_cable_p99_ms", unit: "ms"},
	{id: "notify_lag_ms", unit: "ms"},
	{id: "escalation_gap_ms", unit: "ms"},
	{id: "usb_audio_gaps", unit: "in 10 min"},
	{id: "usb_drift_ms_10min", unit: "ms"},
	{id: "audio_tick_allocs", unit: "allocations"},
	{id: "mouth_to_ear_10ms_packets_ms", unit: "ms"},
	{id: "mouth_to_ear_g711_ms", unit: "ms"},
	{id: "torture_udp_conforming", unit: "of 61"},
	{id: "torture_tcp_conforming", unit: "of 61"},
}

var groups = []group{
	{"calls", []string{"key_to_invite_ms", "invite_to_ring_ms", "invite_to_200_ms", "first_rtp_ms", "rtp_spacing_p50_ms", "rtp_spacing_p99_ms"}, measureCalls},
	{"pixels", []string{"key_to_pixels_ms"}, measurePixels},
	{"control", []string{"tpcp_p50_ms", "tpcp_p99_ms", "tpcp_cable_p99_ms", "notify_lag_ms"}, measureControl},
	{"cable", []string{"attach_after_enumeration_s", "replug_cycles_ok"}, measureCable},
	{"escalation", []string{"escalation_gap_ms"}, measureEscalation},
	{"memory of baresip", []string{"rss_registered_mb", "rss_in_call_mb"}, measureBaresipMemory},
	{"image", []string{"boot_to_registered_s", "image_mib", "rss_registered_mb", "rss_in_call_mb"}, measureImage},
	{"tests", []string{"audio_tick_allocs", "usb_audio_gaps", "usb_drift_ms_10min", "mouth_to_ear_10ms_packets_ms", "mouth_to_ear_g711_ms", "torture_udp_conforming", "torture_tcp_conforming"}, readTests},
}
