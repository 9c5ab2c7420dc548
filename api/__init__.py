"""The service under test: a list of testing types behind GET and POST /tests."""
