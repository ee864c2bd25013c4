//! Rosters: turns workbooks and CSV files into rows with findings, and rows into workbooks.
//! It knows files and columns, not SQL and not the network.
