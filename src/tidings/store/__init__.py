"""The encrypted database: tables, migrations, transactions; one code base for SQLite and PostgreSQL."""
