"""PostgreSQL's binary form of COPY, made of columns and read into columns: no text stands between the two."""
