let x = "\"é";
